/** The bounds of filters. */

/** AWS: characters of a pattern. */
export const patternCharsMax = 4_096;
/** Objects within objects; patterns of people have a handful. */
export const patternDepthMax = 64;
/** AWS: numbers in numeric conditions lie within -/+ 5 billion. */
export const numericMagnitudeMax = 5_000_000_000;
/** Wildcard conditions of a pattern: each of them reads a text once. */
export const wildcardsMax = 32;
