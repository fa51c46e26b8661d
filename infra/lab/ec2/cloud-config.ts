/**
 * /etc/cloud/cloud.cfg of an instance. It leaves out the distribution's modules for users, apt, ssh and disks, which
 * a box has no use for; wait and time-out are cloud-init's own defaults for EC2.
 */
const CLOUD_CFG = `datasource_list: [ Ec2 ]
datasource:
  Ec2:
    metadata_urls: [ "http://169.254.169.254" ]
    strict_id: false
    max_wait: 120
    timeout: 50
network: { config: disabled }
disable_root: true
preserve_hostname: false
cloud_init_modules: [ bootcmd, write-files, set_hostname, update_hostname ]
cloud_config_modules: [ runcmd ]
cloud_final_modules: [ write-files-deferred, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, final-message ]
system_info: { distro: debian, paths: { cloud_dir: /var/lib/cloud/, templates_dir: /etc/cloud/templates/ } }
`;

/**
 * Shell text that makes a fresh box boot as an instance: Debian's own init scripts of cloud-init, in Debian's order,
 * before whatever user data links later. \`cloud-init-local\` is left out: with the Ec2 data source it asks for DHCP,
 * and a box has its address already.
 */
export const PREPARE_INSTANCE = `
find /etc/cloud/cloud.cfg.d -name '*.cfg' ! -name 05_logging.cfg -delete
cat > /etc/cloud/cloud.cfg <<'END_OF_CLOUD_CFG'
${CLOUD_CFG}END_OF_CLOUD_CFG
rm -rf /var/lib/cloud /var/log/cloud-init.log /var/log/cloud-init-output.log
# Those scripts look for dmidecode where Debian has it, not in /usr/local.
ln -sf ../local/sbin/dmidecode /usr/sbin/dmidecode
mkdir -p /etc/rc2.d
ln -sf ../init.d/cloud-init /etc/rc2.d/S01cloud-init
ln -sf ../init.d/cloud-config /etc/rc2.d/S02cloud-config
ln -sf ../init.d/cloud-final /etc/rc2.d/S03cloud-final
`;
