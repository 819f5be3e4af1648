// The table of libkmod's functions and what of ours stands for each. Both are asked in one process (libkmod-session.ts) and must
// answer alike.
import { actionRows } from "./libkmod-action-rows.js";
import { contextRows } from "./libkmod-context-rows.js";
import { moduleRows } from "./libkmod-module-rows.js";
import type { Row } from "./libkmod-subjects.js";

export const rows: readonly Row[] = [...contextRows, ...moduleRows, ...actionRows];
