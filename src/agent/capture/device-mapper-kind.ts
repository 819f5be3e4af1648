// The kind of a device-mapper device, by the word that programs put in front of its UUID in dm/uuid (ABI/testing/sysfs-block-dm): of
// those programs that are known to write no name there. Pure.

const KIND = /^(?:part[0-9]+-)?(?:CRYPT-[A-Z0-9]+|LVM|mpath|DMRAID|VDO|stratis)(?=-)/;

/** Such as CRYPT-LUKS2 or LVM. What follows the word may identify the machine, and is left out. */
export const deviceMapperKind = (uuid: string): string | undefined => KIND.exec(uuid)?.[0];
