# Amazon's time service, as on a real instance.
class base::timesync {
  file { '/etc/systemd/timesyncd.conf.d':
    ensure => directory,
    mode   => '0755',
  }

  file { '/etc/systemd/timesyncd.conf.d/ec2.conf':
    ensure => file,
    mode   => '0644',
    source => 'puppet:///modules/base/timesyncd.conf',
  }
}
