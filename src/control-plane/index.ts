/** The public face of the control plane: it creates, configures and publishes functions. */
export {};
