/**
 * Whether code may be deployed, as the code signing configuration of its function says. As on AWS a signature that does not fit
 * what it came with is always refused; one that is missing, expired, or of a publisher that is not allowed is refused under
 * Enforce, and told to the operator under Warn. Nothing is asked of code that is deployed already.
 */
import { type ArchiveSignature, readSignature } from '#code';
import { type CodeRecord, type FunctionName, functionArn, type LayerReference } from '#metadata';
import { WireError } from '#wire';
import { configMissing, configOf, type ConfigRecord, findConfig } from './code-signing-store.ts';
import type { Context } from './context.ts';

type SigningContext = Pick<Context, 'store' | 'clock' | 'signingKeys' | 'warn'>;

export interface Deployment {
  /** From CreateFunction. Otherwise the one counts that the function has, if any. */
  readonly codeSigningConfigArn?: string | undefined;
  /** New code, already known to be a sound archive. Absent where only layers change. */
  readonly archive?: Uint8Array | undefined;
  readonly layers: readonly LayerReference[];
}

/** What is kept with code, and shown, of a signature that was good. */
export type KeptSignature = Pick<CodeRecord, 'signingProfileVersionArn' | 'signingJobArn'>;

/**
 * Returns what to keep of the code's signature. Throws InvalidCodeSignatureException, CodeVerificationFailedException,
 * and CodeSigningConfigNotFoundException for a configuration that is not there.
 */
export async function checkSigned(
  context: SigningContext,
  name: FunctionName,
  deployment: Deployment,
): Promise<KeptSignature> {
  const config = await configFor(context, name, deployment.codeSigningConfigArn);
  const signature =
    deployment.archive === undefined ? undefined : await signatureOf(context, deployment.archive, config);
  if (config) {
    const failures = [
      ...(signature ? [failureOf(signature, config, context.clock.wallMs())] : []),
      ...deployment.layers.map((layer) => layerFailure(layer, config)),
    ].filter((failure) => failure !== undefined);
    const [failure] = failures;
    if (failure !== undefined && config.policy === 'Enforce') throw verificationFailed(failure);
    for (const each of failures) {
      context.warn(`${functionArn(name)} is deployed in spite of its code signing configuration: ${each}`);
    }
  }
  return signature ? kept(signature, context.clock.wallMs()) : {};
}

/** For PublishLayerVersion: what to keep of the signature of a layer's archive. Throws InvalidCodeSignatureException. */
export async function layerSignature(context: SigningContext, archive: Uint8Array): Promise<KeptSignature> {
  return kept(await signatureOf(context, archive, undefined), context.clock.wallMs());
}

async function configFor(
  { store }: SigningContext,
  name: FunctionName,
  arn: string | undefined,
): Promise<ConfigRecord | undefined> {
  if (arn === undefined || arn === '') return configOf(store.documents, name);
  const config = await findConfig(store.documents, name, arn);
  if (!config) throw configMissing(arn);
  return config.value;
}

async function signatureOf(
  { signingKeys }: SigningContext,
  archive: Uint8Array,
  config: ConfigRecord | undefined,
): Promise<ArchiveSignature> {
  // Nobody who asks for no signatures pays for reading them.
  if (config === undefined && signingKeys.size === 0) return { kind: 'unsigned' };
  const signature = await readSignature(archive, signingKeys);
  if (signature.kind !== 'broken') return signature;
  throw new WireError(
    'InvalidCodeSignatureException',
    `The code signature failed the integrity check: ${signature.reason}.`,
  );
}

/** Whose signature it is that will not do; undefined for one that will. */
function failureOf(signature: ArchiveSignature, config: ConfigRecord, nowMs: number): string | undefined {
  if (signature.kind !== 'verified') {
    return signature.kind === 'unknown-profile' ? signature.profileVersionArn : 'unsigned';
  }
  const { profileVersionArn, expiresAtMs } = signature;
  const expired = expiresAtMs !== undefined && expiresAtMs <= nowMs;
  return expired || !config.publishers.includes(profileVersionArn) ? profileVersionArn : undefined;
}

function layerFailure(layer: LayerReference, config: ConfigRecord): string | undefined {
  const { signingProfileVersionArn } = layer;
  const allowed =
    signingProfileVersionArn !== undefined && config.publishers.includes(signingProfileVersionArn);
  return allowed ? undefined : layer.arn;
}

/** AWS's message. */
const verificationFailed = (whose: string): WireError =>
  new WireError(
    'CodeVerificationFailedException',
    `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${whose}.`,
  );

function kept(signature: ArchiveSignature, nowMs: number): KeptSignature {
  if (signature.kind !== 'verified') return {};
  const { profileVersionArn, jobArn, expiresAtMs } = signature;
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return {};
  return {
    signingProfileVersionArn: profileVersionArn,
    ...(jobArn !== undefined && { signingJobArn: jobArn }),
  };
}
