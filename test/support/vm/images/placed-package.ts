/** sh, for a machine's `before`: puts the package where the examples of systemd/alone expect it. */
export const placePackage = `ln -s /usr/local/bin/hotplugd /usr/bin/hotplugd
mkdir -p /usr/local/lib/hotplugd
cp /opt/hotplugd/dist/hotplugd-load /opt/hotplugd/systemd/alone/hotplugd-or-modprobe /usr/local/lib/hotplugd/
chmod 755 /usr/local/lib/hotplugd/*`;
