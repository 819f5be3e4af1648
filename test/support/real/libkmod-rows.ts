// The table of libkmod's functions with our functions that replace them. A test asks both in one process (libkmod-session.ts)
// and compares the answers.
import { actionRows } from "./libkmod-action-rows.js";
import { contextRows } from "./libkmod-context-rows.js";
import { moduleRows } from "./libkmod-module-rows.js";
import type { Row } from "./libkmod-subjects.js";

export const rows: readonly Row[] = [...contextRows, ...moduleRows, ...actionRows];
