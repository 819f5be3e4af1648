// Copies of a kernel module under other names, which the kernel takes for different modules.

/**
 * @param name in the module's own spelling, with underscores; its aliases, with dashes, are renamed, too
 * @param other a name of the same length
 */
export function renameModule(image: Buffer, name: string, other: string): Buffer {
	if (other.length !== name.length) throw new Error(`${other} is not as long as ${name}`);
	const dashed = (text: string): string => text.replaceAll("_", "-");
	const text = image.toString("latin1").replaceAll(name, other).replaceAll(dashed(name), dashed(other));
	return Buffer.from(text, "latin1");
}
