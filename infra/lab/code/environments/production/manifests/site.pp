# The configuration of every machine. It needs the facts that the bootstrap environment leaves behind, and says so.
node default {
  unless $facts['bootstrapped'] {
    fail("node ${trusted['certname']} was not bootstrapped: run the bootstrap environment first")
  }
  include base
}
