/**
 * A service of the AWS Query protocol: a form with `Action` and `Version`, as the body of a POST or the query of a GET to `/`;
 * answers and errors are XML. Which operation a request is for stands in its body, so it is known only after that was read.
 *
 *     Action=GetRole&Version=2010-05-08&RoleName=r
 *     <GetRoleResponse xmlns="…"><GetRoleResult>…</GetRoleResult><ResponseMetadata><RequestId>…</RequestId></ResponseMetadata></GetRoleResponse>
 */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import { answer } from '../operations/call.ts';
import type { StructureShape } from '../operations/shape.ts';
import { validateStructure } from '../operations/validate.ts';
import type {
  Authorize,
  Handlers,
  Output,
  ReportFault,
  RequestContext,
  Routed,
  RoutedOperation,
  Service,
  WireRequest,
  WireResponse,
} from '../service.ts';
import { decodeForm } from './decode.ts';
import { encodeMembers } from './encode.ts';
import { encodeQueryError, xmlHeaders } from './error.ts';
import { type FormNode, parseForms } from './form.ts';
import { formBytesMax } from './limits.ts';
import { element, escapeXml } from './xml.ts';

export interface QueryOperation {
  readonly input: StructureShape;
  /** Absent: an answer without a result. */
  readonly output?: StructureShape;
}

export interface QueryOptions {
  /** `2010-05-08`: what requests must name as their `Version`. */
  readonly version: string;
  readonly xmlNamespace: string;
  /** By operation name. */
  readonly operations: Readonly<Record<string, QueryOperation>>;
  /** Names of further operations that the service has on AWS: answered with NotImplementedException. */
  readonly notServed: readonly string[];
  readonly handlers: Handlers;
  /** Asked before each handler. */
  readonly authorize: Authorize;
  readonly reportFault: ReportFault;
  /** Whether a request may leave out its `Version`. */
  readonly versionOptional?: true;
  /** The parameters that a path other than `/` stands for; undefined for what is no path of the service. */
  readonly pathParameters?: (rawPath: string) => Readonly<Record<string, string>> | undefined;
  /** Parameters of a form; `formParametersMax` unless the service takes more. */
  readonly parametersMax?: number;
  /** See `Service.signingRegions`. */
  readonly signingRegions?: readonly string[];
}

export function queryService(options: QueryOptions): Service {
  const { operations, notServed, handlers, signingRegions } = options;
  for (const name of Object.keys(handlers)) {
    assert(Object.hasOwn(operations, name), `a handler for ${name}, which is no operation`);
  }
  const twice = notServed.filter((name) => Object.hasOwn(operations, name));
  assert(twice.length === 0, `served, and not served: ${twice.join(', ')}`);
  const encodeError = (error: unknown, requestId: string): WireResponse =>
    encodeQueryError(options.xmlNamespace, error, requestId);
  return {
    ...(signingRegions === undefined ? {} : { signingRegions }),
    encodeError,
    route: (request) => route(options, encodeError, request),
  };
}

function route(options: QueryOptions, encodeError: Service['encodeError'], request: WireRequest): Routed {
  const { method, rawPath } = request;
  const parameters = rawPath === '/' ? {} : options.pathParameters?.(rawPath);
  if (parameters === undefined || (method !== 'POST' && method !== 'GET')) {
    const message = `The Query protocol is spoken by GET and POST to /, not by ${method} to another path.`;
    return { kind: 'refused', error: new WireError('InvalidAction', message) };
  }
  return new RoutedForm(options, encodeError, [new URLSearchParams(parameters).toString(), request.rawQuery]);
}

class RoutedForm implements RoutedOperation {
  readonly kind = 'operation';
  /** Not known before the body is read. */
  readonly operation = 'Query';
  readonly bodyBytesMax = formBytesMax;
  readonly #options: QueryOptions;
  readonly #encodeError: Service['encodeError'];
  /** What the head of the request says; the body may say otherwise. */
  readonly #forms: readonly string[];

  constructor(options: QueryOptions, encodeError: Service['encodeError'], forms: readonly string[]) {
    this.#options = options;
    this.#encodeError = encodeError;
    this.#forms = forms;
  }

  bodyTooLarge(): WireError {
    return new WireError(
      'RequestEntityTooLargeException',
      `Request must be smaller than ${formBytesMax} bytes`,
    );
  }

  call(body: Uint8Array, context: RequestContext): Promise<WireResponse> {
    const { operations, handlers, authorize, reportFault, xmlNamespace } = this.#options;
    let form: FormNode;
    let action: string;
    try {
      form = parseForms([...this.#forms, Buffer.from(body).toString('utf8')], this.#options.parametersMax);
      action = this.#action(form);
    } catch (error) {
      return Promise.resolve(this.#encodeError(error, context.requestId));
    }
    return answer(action, context, handlers[action], this.#encodeError, reportFault, async (handler) => {
      const operation = operations[action];
      assert(operation !== undefined, `a handler for ${action}, which is no operation`);
      const input = decodeForm(operation.input, form);
      validateStructure(operation.input, input, 'ValidationError');
      authorize(action, input, context);
      const output = await handler(input, context);
      return encodeAnswer(action, xmlNamespace, operation.output, output, context.requestId);
    });
  }

  /** The operation that a form asks for: one that the service has, served or not. */
  #action(form: FormNode): string {
    const { operations, notServed, version, versionOptional } = this.#options;
    const action = form.children.get('Action')?.value;
    if (action === undefined) throw new WireError('MissingAction', 'The request is missing its Action.');
    const asked = form.children.get('Version')?.value;
    const versionFits = asked === version || (asked === undefined && versionOptional === true);
    if ((Object.hasOwn(operations, action) || notServed.includes(action)) && versionFits) return action;
    const name = action.slice(0, actionCharactersMax);
    const given = asked?.slice(0, actionCharactersMax) ?? 'NO_VERSION_SPECIFIED';
    throw new WireError('InvalidAction', `Could not find operation ${name} for version ${given}`);
  }
}

/** Of what a client sent as an Action: so much is sent back. */
const actionCharactersMax = 128;

function encodeAnswer(
  action: string,
  xmlNamespace: string,
  shape: StructureShape | undefined,
  output: Output,
  requestId: string,
): WireResponse {
  assert(shape !== undefined || Object.keys(output).length === 0, `${action} answers nothing`);
  const result =
    shape === undefined ? '' : element(`${action}Result`, encodeMembers(shape, output, `${action}Result`));
  const metadata = element('ResponseMetadata', element('RequestId', escapeXml(requestId)));
  const xml = `<${action}Response xmlns="${escapeXml(xmlNamespace)}">${result}${metadata}</${action}Response>`;
  return { statusCode: 200, headers: xmlHeaders(requestId), body: Buffer.from(`${xml}\n`) };
}
