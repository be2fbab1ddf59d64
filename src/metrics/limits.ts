/** The bounds of metrics, with their units. */

/** The resolution of everything that is kept. */
export const minuteMs = 60_000;

/** Minutes in one stored block: what is rewritten once a minute while it is the newest, and read as a whole. */
export const blockMinutes = 15;

export const dayMs = 86_400_000;

/** How long data is kept, unless the operator says otherwise: as long as AWS keeps it at one minute. */
export const retentionMsDefault = 15 * dayMs;

/** Sets of dimensions (of users' own metrics: metrics) that are known at once. What is one too many is not recorded. */
export const sourcesMax = 10_000;

/** Of these, how many users' own metrics may be. */
export const ownSourcesMax = 5_000;

/** What `{FunctionName, Resource, ExecutedVersion}` may be in one minute; more count for their account only. */
export const invokeSeriesMax = 10_000;

/** Series that saw nothing for so many minutes are forgotten by the recorder; what was recorded of them stays. */
export const idleMinutesMax = 15;

/** What is recorded and not written yet, in characters of JSON: an unreachable store makes us forget, not grow. */
export const unwrittenCharactersMax = 64 * 2 ** 20;

/** Series that are folded without letting others have their turn. */
export const seriesPerSlice = 50;

/** Different buckets of one metric in one minute; more make values near each other one. */
export const bucketsMax = 128;

/** Writes of one commit, and about how many characters of JSON all of them together. */
export const writesPerCommit = 50;
export const charactersPerCommit = 2 * 2 ** 20;

/** Sources whose old blocks are looked for in one minute, and how many blocks of each. */
export const sourcesSweptPerMinute = 250;
export const blocksSweptPerSource = 16;

/** Blocks that are read at once. */
export const blocksPerPage = 96;

/** Blocks that one GetMetricData reads before it answers what it has, with a token for the rest. */
export const blocksPerAnswer = 6_000;

/** Requests that read at once, and that wait for their turn; more are told to come back. */
export const readsMax = 8;
export const readsWaitingMax = 256;

/** GetMetricData: as AWS. */
export const queriesMax = 500;
export const datapointsMax = 100_800;

/** GetMetricStatistics: as AWS. */
export const statisticsDatapointsMax = 1_440;

/** Metrics in an answer of ListMetrics: as AWS. */
export const listedMax = 500;

/** PutMetricData: as AWS. */
export const datumsMax = 1_000;
export const valuesPerDatumMax = 150;
export const dimensionsMax = 30;
export const putPastMsMax = 14 * dayMs;
export const putFutureMsMax = 2 * 3_600_000;
export const valueMax = 2 ** 360;

/** Functions with a label of their own in /metrics; what further ones do stands under the name `_others`. */
export const functionsExposedMax = 1_000;

/** Parameters of a form: 500 queries, each of a metric with several dimensions. */
export const formParametersMax = 40_000;
