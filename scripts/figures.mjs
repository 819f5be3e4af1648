// npm run figures: the sizes and the order of src and test, beside those of the projects that ours learns from. With --json as one
// JSON object.
import "./no-debugger.mjs";
import { measure } from "./figures/measure.mjs";
import { models } from "./figures/models.mjs";
import { formatFigures, formatModels } from "./figures/text.mjs";

process.chdir(`${import.meta.dirname}/..`);

const figures = measure(["src", "test"]);
if (process.argv.includes("--json")) console.log(JSON.stringify({ ...figures, models }));
else console.log(`${formatFigures(figures)}\n\n${formatModels(models, figures)}`);
