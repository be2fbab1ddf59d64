/** The media type of AWS JSON 1.1, of requests and answers alike. */
export const contentType = 'application/x-amz-json-1.1';
