# The greeting names the machine, its role and who configured it.
class base::motd {
  file { '/etc/motd':
    ensure  => file,
    mode    => '0644',
    content => epp('base/motd.epp'),
  }
}
