# What a machine gets in its first run: only what the production environment builds on.
node default {
  include bootstrap
}
