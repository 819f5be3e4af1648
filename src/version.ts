// The version of this package. A test holds it equal to package.json, which a single bundled file cannot read.
export const version = "0.1.0";

/**
 * The text of --version of the kmod tools: the kmod version they behave as, and their features, in the words that scripts look
 * for.
 */
export const kmodVersion = `kmod version 34 (hotplugd ${version})\n+ZSTD +XZ +ZLIB +LIBCRYPTO`;
