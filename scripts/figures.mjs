// npm run figures: sizes and import order of src and test, compared with the projects that ours learns from. With --json it
// prints one JSON object.
import "./no-debugger.mjs";
import { measure } from "./figures/measure.mjs";
import { models } from "./figures/models.mjs";
import { formatFigures, formatModels } from "./figures/text.mjs";

process.chdir(`${import.meta.dirname}/..`);

const figures = measure(["src", "test"]);
if (process.argv.includes("--json")) console.log(JSON.stringify({ ...figures, models }));
else console.log(`${formatFigures(figures)}\n\n${formatModels(models, figures)}`);
