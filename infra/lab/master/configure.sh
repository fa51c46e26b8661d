# Runs once in the root of a new master box. Needs: $name $fqdn $heap $jrubies $java_flags
cat > /etc/puppet/puppet.conf <<CONF
[main]
certname = $fqdn
server = $fqdn
keylength = 2048
[server]
dns_alt_names = $name,$fqdn,puppet
autosign = false
environment_timeout = 0
reports = store
CONF

cd /etc/puppet/puppetserver/conf.d
sed -i "s/#max-active-instances: 1/max-active-instances: $jrubies/" puppetserver.conf
# With TLS 1.3, Jetty 9.4 leaves a connection unread for 30 s after an agent sent its CSR.
sed -i 's/client-auth: want/client-auth: want\n    ssl-protocols: [TLSv1.2]/' webserver.conf
sed -i 's/# allow-authorization-extensions: false/allow-authorization-extensions: true/; s/# allow-subject-alt-names: false/allow-subject-alt-names: true/' ca.conf
# By default nobody may delete a waiting CSR; the master's own certificate, which may sign, shall.
perl -0pi -e 's|rules: \[\n|rules: [\n        { match-request: { path: "/puppet-ca/v1/certificate_request", type: path, method: delete }, allow: { extensions: { pp_cli_auth: "true" } }, sort-order: 400, name: "muster csr delete" },\n|' auth.conf

echo "JAVA_ARGS='-Xms$heap -Xmx$heap $java_flags'" > /etc/default/puppetserver-lab
install -d -m 700 /etc/muster
install -d -m 755 /etc/muster/facts.d
ln -s ../init.d/puppetserver-lab /etc/rc2.d/S02puppetserver-lab
ln -s ../init.d/muster-daemon /etc/rc2.d/S03muster-daemon
