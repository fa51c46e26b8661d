# Tells Muster's daemon, as facts, what this environment did with what the bootstrap environment found.
class base::report {
  file { '/etc/muster/facts.d/puppet.yaml':
    ensure  => file,
    mode    => '0644',
    content => epp('base/report.yaml.epp'),
  }
}
