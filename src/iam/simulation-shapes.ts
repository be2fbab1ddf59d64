/** SimulatePrincipalPolicy as a form and an answer. */
import { listOf, type QueryOperation, structure } from '#wire';
import { arn, document, flag, page, paging, text } from './shapes.ts';

const action = { type: 'string', min: 3, max: 128 } as const;
const resource = { type: 'string', min: 1, max: 2048 } as const;

const contextEntry = structure({
  ContextKeyName: { type: 'string', min: 5, max: 256 },
  ContextKeyValues: listOf(text),
  ContextKeyType: text,
});

const result = structure({
  EvalActionName: text,
  EvalResourceName: text,
  EvalDecision: text,
  MatchedStatements: listOf(structure({})),
  MissingContextValues: listOf(text),
  PermissionsBoundaryDecisionDetail: structure({ AllowedByPermissionsBoundary: flag }),
});

export const simulationOperations: Readonly<Record<string, QueryOperation>> = {
  SimulatePrincipalPolicy: {
    input: structure(
      {
        PolicySourceArn: arn,
        PolicyInputList: listOf(document),
        PermissionsBoundaryPolicyInputList: listOf(document),
        ActionNames: listOf(action),
        ResourceArns: listOf(resource),
        ResourcePolicy: document,
        ResourceOwner: resource,
        CallerArn: resource,
        ContextEntries: listOf(contextEntry),
        ResourceHandlingOption: { type: 'string', min: 1, max: 64 },
        ...paging,
      },
      ['PolicySourceArn', 'ActionNames'],
    ),
    output: structure({ EvaluationResults: listOf(result), ...page }),
  },
};
