/** The bounds of the Query protocol. */

/** Bytes of a form. The largest that IAM takes is a policy of 131,072 characters, three times as long once percent-encoded. */
export const formBytesMax = 4 * 2 ** 20;

/** Parameters of a form; the largest honest one (50 tags, 10 messages with 10 attributes each) has a few hundred. */
export const formParametersMax = 5_000;

/** Parts of a parameter's name, separated by dots: `Tags.member.1.Key` has four. */
export const nameDepthMax = 16;

/** Digits of the position of an item in a list. */
export const indexDigitsMax = 6;
