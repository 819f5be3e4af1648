// Prints the results, one a line, in the order of their digests: node collect.mjs SOCKET
import { connect, RESULTS } from "./queue.mjs";

const connection = connect(process.argv[2]);
const all = await connection.hgetall(RESULTS);
for (const digest of Object.keys(all).sort()) console.log(all[digest]);
connection.disconnect();
