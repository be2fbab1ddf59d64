/** The bounds of event sources. What AWS documents says so (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html). */
export const mappingTransitionMs = 250;
