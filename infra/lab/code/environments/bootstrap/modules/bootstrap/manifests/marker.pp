# Lets a person see on the machine who bootstrapped it.
class bootstrap::marker {
  file { '/var/lib/bootstrap.done':
    ensure  => file,
    mode    => '0644',
    content => "${trusted['certname']} by ${servername}\n",
    require => Class['bootstrap::facts'],
  }
}
