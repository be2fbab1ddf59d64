// The function that a waiting process practises with.

/** @param {unknown} event */
export const handler = async (event) => event;
