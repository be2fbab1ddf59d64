/** What callers hear when a function's variables cannot be opened: AWS's words, and why it is so here. */
export const sealedMessage =
  "Lambda was unable to decrypt the environment variables because KMS access was denied. Please check the function's KMS key settings. This Lambkin's master secret (root-key.json) is not the one that they were sealed under; set them again with UpdateFunctionConfiguration.";
