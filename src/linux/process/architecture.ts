// The processor's architecture, by uname(2).

import { machine } from "node:os";

/** Such as x86_64. */
export const readArchitecture = (): string => machine();
