// The version of this package. A test holds it equal to package.json, which a single bundled file cannot read.
export const version = "0.1.0";
