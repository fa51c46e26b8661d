# External facts that every class of production may rely on.
class bootstrap::facts {
  $role = $facts['role'] ? {
    undef   => 'base',
    default => $facts['role'],
  }
  $region = $facts['ec2_placement_region'] ? {
    undef   => 'unknown',
    default => $facts['ec2_placement_region'],
  }

  file { ['/etc/facter', '/etc/facter/facts.d']:
    ensure => directory,
    mode   => '0755',
  }

  file { '/etc/facter/facts.d/bootstrap.yaml':
    ensure  => file,
    mode    => '0644',
    content => epp('bootstrap/facts.yaml.epp', { 'role' => $role, 'region' => $region }),
  }
}
