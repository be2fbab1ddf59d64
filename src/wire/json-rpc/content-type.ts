/** The media types of AWS JSON, of requests and answers alike. */
export const contentTypes = {
  '1.0': 'application/x-amz-json-1.0',
  '1.1': 'application/x-amz-json-1.1',
} as const;

export type JsonVersion = keyof typeof contentTypes;
