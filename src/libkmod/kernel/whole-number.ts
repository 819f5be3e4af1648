// A name for numbers without a fraction, which TypeScript has no type of its own for.

/**
 * A number without a fraction, from 0. JSON schemas that are made from types (scripts/schemas.mjs) have it as an integer.
 *
 * @asType integer
 * @minimum 0
 */
export type WholeNumber = number;
