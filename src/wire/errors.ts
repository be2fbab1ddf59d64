/** The table of errors (completed by the wire: every error of the Lambda model and the common ones). */
export type ErrorName = string;
