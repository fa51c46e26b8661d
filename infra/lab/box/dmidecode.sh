#!/bin/sh
# Stands in for dmidecode in a box, so that the machine says that it is an EC2 instance. cloud-init asks for IMDSv2
# tokens only when uuid and serial begin with "ec2" and are equal.
case "$*" in
*system-uuid* | *system-serial*) echo ec2e1916-9099-7caf-fd21-012345abcdef ;;
*system-manufacturer* | *bios-vendor* | *chassis-manufacturer* | *asset-tag*) echo "Amazon EC2" ;;
*system-product*) echo t3.micro ;;
*) echo "" ;;
esac
