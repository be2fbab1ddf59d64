/** The numbers of auto scaling, in one place. Those of AWS say so. */

/** How often due actions are looked for, and how often use is looked at. Milliseconds. */
export const tickMs = 1_000;
export const sampleMs = 5_000;

/** AWS: the period of the metric, and how many of them its alarms look at. */
export const windowMs = 60_000;
export const outMinutes = 3;
export const inMinutes = 15;
/** AWS: the lower alarm is at this share of the target. */
export const inShare = 0.9;
/** The most that is taken away at once, as a share of what is there. */
export const inStepShare = 0.1;

/** How long a target is left alone whose capacity could not be set. Milliseconds. */
export const failurePauseMs = 60_000;

/** AWS: scalable targets of one service, scheduled actions and policies of one target. */
export const targetsMax = 5_000;
export const actionsPerTargetMax = 200;
export const policiesPerTargetMax = 50;
/** Activities that are remembered of one target. */
export const activitiesMax = 100;
/** AWS: tags of a target. */
export const tagsMax = 50;
/** AWS: results on a page. */
export const pageMax = 50;
/** How often a change is tried anew because another one was faster. */
export const commitAttemptsMax = 10;
/** Documents.commit takes so many writes. */
export const writesPerCommitMax = 100;
