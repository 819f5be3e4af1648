// The version of this package. A test holds it equal to package.json, which a single bundled file cannot read.
export const version = "0.1.0";

/** What kmod's tools print for --version: the kmod they behave as, and in the words scripts look for, what they can read. */
export const kmodVersion = `kmod version 34 (hotplugd ${version})\n+ZSTD +XZ +ZLIB +LIBCRYPTO`;
