// The kernel's release in the name that it gives to its own USB root hubs: their manufacturer is "Linux 6.1.0-56-amd64 xhci-hcd"
// (drivers/usb/core/hcd.c, rh_string). Bug reports have it where they have no other word of the release. Pure.

/** @param manufacturer as the hub's string descriptor has it. Undefined for any other device's */
export function releaseOfUsbHub(manufacturer: string): string | undefined {
	const [, release] =
		/^Linux ([0-9]+\.[0-9]+[^ \n]*) [a-z0-9_-]*(?:hcd|hci|hub|dwc2?|musb)[a-z0-9_-]*\n?$/.exec(manufacturer) ?? [];
	return release;
}
