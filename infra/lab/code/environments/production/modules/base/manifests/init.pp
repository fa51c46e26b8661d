# What every machine has.
class base {
  contain base::motd
  contain base::timesync
  contain base::report
}
