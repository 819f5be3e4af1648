// The wall clock is set by an hour, ahead and back, while the pipeline waits. Nothing may happen earlier or later because of
// that. Rows and letters: test/support/fakes/story.ts.
import test from "ava";
import { type Circumstances, tell } from "../../support/fakes/story.js";

/** Plays a story twice. A * in the row `clock` stands for the mark: > sets the clock ahead, < sets it back. */
function story(title: string, script: string, circumstances: Circumstances = {}): void {
	for (const [mark, way] of [
		[">", "ahead"],
		["<", "back"],
	] as const)
		test(`set ${way}, the clock changes nothing ${title}`, (t) => {
			tell(t, script.replaceAll("*", mark), circumstances);
		});
}

const coldplug = true;

story(
	"while coldplug waits for quiet",
	`
	socket    l--b----c
	walk      |
	clock         *    *
	batches      1    2
	begun        b    c
	ended        b    c
	told      L            S
	          W            |
	`,
	{ coldplug },
);

story(
	"while the daemon waits for quiet",
	`
	socket    l--b
	walk      |
	clock         *
	batches      1
	begun        b
	ended        b
	told      L       S
	          W
	`,
);

story(
	"while coldplug waits for an insertion and for quiet behind it",
	`
	socket    l-a
	walk      |
	insert a    -------i
	clock         *     *
	batches     1
	begun       a
	ended              a
	told      L             S
	          W             |
	`,
	{ coldplug },
);

story(
	"between two sockets",
	`
	socket    l--#
	                  l--b
	walk      |
	                  c|
	clock           *
	batches           1  2
	begun             c  b
	ended             c  b
	told      L  D    LW      S
	          W               |
	`,
	{ coldplug },
);

story(
	"between two looks",
	`
	socket    lDaDbDcDd
	walk      ------------|
	                           |
	clock                   *
	batches     1 2 3 4
	begun       a b c d
	ended       a b c d
	told      L   ! ! !   W    W    S
	                                |
	`,
	{ coldplug },
);

story(
	"between an event that loads nothing and the question what was lost",
	`
	socket    l---------xD
	walk      |
	                         b|
	clock                  *
	batches                  1
	begun                    b
	ended                    b
	told      L    S         !W
	          W
	`,
	{ says: { x: ["change a"] } },
);

story(
	"between two words about refused messages",
	`
	socket    l-RRRRRRRRRRR
	walk      |
	clock          *
	told      L R  S R    R
	          W
	`,
);

/** Milliseconds of the back-off after a first failure. */
const FIRST_BACK_OFF_MILLISECONDS = 250;
const rest = " ".repeat(FIRST_BACK_OFF_MILLISECONDS - 4);

story(
	"while a module that has failed is left alone",
	`
	socket    l-x-y
	walk      |
	insert b    f
	            ${rest}    i
	clock          *
	batches     1 2${rest} 3
	begun       b  ${rest} b
	ended       B  ${rest} b
	told      L        S
	          W
	`,
	{ says: { x: ["add b1"], y: ["add b2"] } },
);
