#!/bin/sh
# LSB script of Puppet Server in a master box: plain java, so that stopping it takes one signal.
# /run/puppetserver/restart turns from 0 to 1 when it serves.
run=/run/puppetserver
case $1 in
start)
  . /etc/default/puppetserver-lab
  install -d -o puppet -g puppet -m 755 "$run"
  printf 0 > "$run/restart"
  chown puppet: "$run/restart"
  setsid setpriv --reuid=puppet --regid=puppet --init-groups /usr/bin/java $JAVA_ARGS \
    -Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger -Djruby.lib=/usr/share/jruby/lib \
    -jar /usr/share/puppetserver/puppetserver.jar --config /etc/puppet/puppetserver/conf.d \
    --bootstrap-config /etc/puppet/puppetserver/services.d --restart-file "$run/restart" </dev/null &
  echo $! > "$run/pid"
  ;;
stop)
  kill "$(cat "$run/pid")" 2>/dev/null
  ;;
esac
