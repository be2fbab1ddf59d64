/**
 * CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig, ListFunctionUrlConfigs: a URL of a
 * function or of an alias, never of a version. `metadata/url-ids/` leads from the id in a URL back to the function.
 */
import {
  functionArn,
  type FunctionName,
  functionUrlIdKey,
  functionUrlKey,
  type FunctionUrlRecord,
  type FunctionUrlReference,
  functionUrlsPrefix,
  latestVersion,
} from '#metadata';
import { addRecord, holdRecord, removeRecord, replaceRecord, type Stored } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { conflict } from './answers.ts';
import type { Context } from './context.ts';
import type { FunctionStore } from './function-store.ts';
import { page } from './pages.ts';
import { required, targetOf, text } from './request.ts';
import { corsOf, urlConfiguration, urlIdOf } from './url-record.ts';

export function urlHandlers(context: Context): Handlers {
  return {
    CreateFunctionUrlConfig: (input, request) => createUrl(context, input, request),
    GetFunctionUrlConfig: async (input, request) => {
      const { name, qualifier } = urlTarget(context, input, request, 'GetFunctionUrlConfig');
      return urlConfiguration(
        (await getUrl(context.store, name, qualifier)).value,
        context.urlDomain,
        request.endpoint,
      );
    },
    UpdateFunctionUrlConfig: (input, request) => updateUrl(context, input, request),
    DeleteFunctionUrlConfig: (input, request) => deleteUrl(context, input, request),
    ListFunctionUrlConfigs: async (input, request) => {
      const { name } = urlTarget(context, input, request, 'ListFunctionUrlConfigs');
      if (!(await context.store.findFunction(name))) throw notFound('Function does not exist');
      const { items, nextMarker } = await page(
        context.store.documents,
        functionUrlsPrefix(name),
        input,
        (value) => urlConfiguration(value as FunctionUrlRecord, context.urlDomain, request.endpoint),
      );
      return { FunctionUrlConfigs: items, NextMarker: nextMarker };
    },
  };
}

async function createUrl(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, clock } = context;
  const { name, qualifier } = urlTarget(context, input, request, 'CreateFunctionUrlConfig');
  const cors = corsOf(input);
  const reference: FunctionUrlReference = { ...name, qualifier };
  const url: FunctionUrlRecord = {
    ...reference,
    urlId: urlIdOf(name, qualifier),
    authType: required(input, 'AuthType') as FunctionUrlRecord['authType'],
    invokeMode: (text(input, 'InvokeMode') ?? 'BUFFERED') as FunctionUrlRecord['invokeMode'],
    ...(cors !== undefined && cors !== 'none' && { cors }),
    createdMs: clock.wallMs(),
    lastModifiedMs: clock.wallMs(),
  };
  await store.change(name, async () => {
    const record = await store.findFunction(name);
    const alias = qualifier === latestVersion ? undefined : await store.findAlias(name, qualifier);
    if (!record || (qualifier !== latestVersion && !alias)) throw notFound('Function does not exist');
    if (await store.find(functionUrlKey(name, qualifier))) {
      const arn = functionArn(name, qualifier === latestVersion ? undefined : qualifier);
      throw conflict(
        `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    }
    const writes = [
      holdRecord(record),
      addRecord(functionUrlKey(name, qualifier), url),
      addRecord(functionUrlIdKey(name.region, url.urlId), reference),
    ];
    return { writes, result: undefined };
  });
  return { ...urlConfiguration(url, context.urlDomain, request.endpoint), LastModifiedTime: undefined };
}

async function updateUrl(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, clock } = context;
  const { name, qualifier } = urlTarget(context, input, request, 'UpdateFunctionUrlConfig');
  const cors = corsOf(input);
  const url = await store.change(name, async () => {
    const record = await store.findFunction(name);
    const alias = qualifier === latestVersion ? undefined : await store.findAlias(name, qualifier);
    if (!record || (qualifier !== latestVersion && !alias)) throw notFound('Function does not exist');
    const before = await getUrl(store, name, qualifier);
    const { cors: corsBefore, ...rest } = before.value;
    const corsAfter = cors ?? corsBefore;
    const after: FunctionUrlRecord = {
      ...rest,
      authType: (text(input, 'AuthType') ?? rest.authType) as FunctionUrlRecord['authType'],
      invokeMode: (text(input, 'InvokeMode') ?? rest.invokeMode) as FunctionUrlRecord['invokeMode'],
      ...(corsAfter !== undefined && corsAfter !== 'none' && { cors: corsAfter }),
      lastModifiedMs: clock.wallMs(),
    };
    return { writes: [holdRecord(record), replaceRecord(before, after)], result: after };
  });
  return urlConfiguration(url, context.urlDomain, request.endpoint);
}

async function deleteUrl(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store } = context;
  const { name, qualifier } = urlTarget(context, input, request, 'DeleteFunctionUrlConfig');
  await store.change(name, async () => {
    const record = await store.findFunction(name);
    if (!record) throw notFound('The resource you requested does not exist.');
    const url = await getUrl(store, name, qualifier);
    const id = await store.find(functionUrlIdKey(name.region, url.value.urlId));
    return {
      writes: [holdRecord(record), removeRecord(url), ...(id ? [removeRecord(id)] : [])],
      result: undefined,
    };
  });
  return {};
}

function urlTarget(
  { region }: Context,
  input: Input,
  request: RequestContext,
  operation: string,
): { readonly name: FunctionName; readonly qualifier: string } {
  const { name, qualifier } = targetOf(input, request, region, operation);
  return { name, qualifier: qualifier ?? latestVersion };
}

async function getUrl(
  store: FunctionStore,
  name: FunctionName,
  qualifier: string,
): Promise<Stored<FunctionUrlRecord>> {
  const url = await store.find<FunctionUrlRecord>(functionUrlKey(name, qualifier));
  if (!url) throw notFound('The resource you requested does not exist.');
  return url;
}

const notFound = (message: string): WireError => new WireError('ResourceNotFoundException', message);
