/** The operations of CloudWatch 2010-08-01 that are served, with the constraints of AWS's model, for all three protocols. */
import type { ListShape, QueryOperation, Shape, StructureShape } from '#wire';
import { dimensionsMax } from '../limits.ts';

type Members = Readonly<Record<string, Shape>>;

const structure = (required: readonly string[], members: Members): StructureShape => ({
  type: 'structure',
  members: Object.fromEntries(
    Object.entries(members).map(([name, shape]) => [
      name,
      required.includes(name) ? { shape, required: true } : { shape },
    ]),
  ),
});
const list = (member: Shape, bounds: { readonly min?: number; readonly max?: number } = {}): ListShape => ({
  type: 'list',
  member,
  ...bounds,
});

const anyText = { type: 'string' } as const;
const integer = { type: 'integer' } as const;
const flag = { type: 'boolean' } as const;
const double = { type: 'double' } as const;
const timestamp = { type: 'timestamp' } as const;
const period = { type: 'integer', min: 1 } as const;
const name = { type: 'string', min: 1, max: 255 } as const;
const namespace = { type: 'string', min: 1, max: 255, pattern: '[^:].*' } as const;
const token = { type: 'string', max: 65_536 } as const;
const unit = {
  type: 'string',
  enum: 'Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second None'.split(
    ' ',
  ),
} as const;
const dimension = structure(['Name', 'Value'], {
  Name: name,
  Value: { type: 'string', min: 1, max: 1024 },
});
const dimensions = list(dimension, { max: dimensionsMax });
const metric = structure([], { Namespace: namespace, MetricName: name, Dimensions: dimensions });
const message = structure([], { Code: anyText, Value: anyText });
const statistic = { type: 'string', enum: ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] } as const;
const percentiles = { type: 'map', key: anyText, value: double } as const;

const datum = structure(['MetricName'], {
  MetricName: name,
  Dimensions: dimensions,
  Timestamp: timestamp,
  Value: double,
  StatisticValues: structure(['SampleCount', 'Sum', 'Minimum', 'Maximum'], {
    SampleCount: double,
    Sum: double,
    Minimum: double,
    Maximum: double,
  }),
  Values: list(double),
  Counts: list(double),
  Unit: unit,
  StorageResolution: period,
});

export const operations: Readonly<Record<string, QueryOperation>> = {
  GetMetricData: {
    input: structure(['MetricDataQueries', 'StartTime', 'EndTime'], {
      MetricDataQueries: list(
        structure(['Id'], {
          Id: name,
          MetricStat: structure(['Metric', 'Period', 'Stat'], {
            Metric: metric,
            Period: period,
            Stat: { type: 'string', max: 255 },
            Unit: unit,
          }),
          Expression: { type: 'string', min: 1, max: 2048 },
          Label: { type: 'string', max: 2048 },
          ReturnData: flag,
          Period: period,
          AccountId: name,
        }),
      ),
      StartTime: timestamp,
      EndTime: timestamp,
      NextToken: token,
      ScanBy: { type: 'string', enum: ['TimestampDescending', 'TimestampAscending'] },
      MaxDatapoints: integer,
      LabelOptions: structure([], { Timezone: anyText }),
    }),
    output: structure([], {
      MetricDataResults: list(
        structure([], {
          Id: anyText,
          Label: anyText,
          Timestamps: list(timestamp),
          Values: list(double),
          StatusCode: anyText,
          Messages: list(message),
        }),
      ),
      NextToken: anyText,
      Messages: list(message),
    }),
  },
  GetMetricStatistics: {
    input: structure(['Namespace', 'MetricName', 'StartTime', 'EndTime', 'Period'], {
      Namespace: namespace,
      MetricName: name,
      Dimensions: dimensions,
      StartTime: timestamp,
      EndTime: timestamp,
      Period: period,
      Statistics: list(statistic, { min: 1, max: 5 }),
      ExtendedStatistics: list({ type: 'string', max: 255 }, { min: 1, max: 10 }),
      Unit: unit,
    }),
    output: structure([], {
      Label: anyText,
      Datapoints: list(
        structure([], {
          Timestamp: timestamp,
          SampleCount: double,
          Average: double,
          Sum: double,
          Minimum: double,
          Maximum: double,
          Unit: anyText,
          ExtendedStatistics: percentiles,
        }),
      ),
    }),
  },
  ListMetrics: {
    input: structure([], {
      Namespace: namespace,
      MetricName: name,
      Dimensions: list(structure(['Name'], { Name: name, Value: { type: 'string', min: 1, max: 1024 } }), {
        max: 10,
      }),
      NextToken: token,
      RecentlyActive: { type: 'string', enum: ['PT3H'] },
      IncludeLinkedAccounts: flag,
      OwningAccount: name,
    }),
    output: structure([], {
      Metrics: list(metric),
      NextToken: anyText,
      OwningAccounts: list(anyText),
    }),
  },
  PutMetricData: {
    input: structure(['Namespace'], {
      Namespace: namespace,
      MetricData: list(datum),
      EntityMetricData: list(structure([], { MetricData: list(datum) })),
      StrictEntityValidation: flag,
    }),
  },
};

/** What CloudWatch has besides. */
export const notServed: readonly string[] =
  'DeleteAlarmMuteRule DeleteAlarms DeleteAnomalyDetector DeleteDashboards DeleteInsightRules DeleteMetricStream DescribeAlarmContributors DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric DescribeAnomalyDetectors DescribeInsightRules DisableAlarmActions DisableInsightRules EnableAlarmActions EnableInsightRules GetAlarmMuteRule GetDashboard GetInsightRuleReport GetMetricStream GetMetricWidgetImage GetOTelEnrichment ListAlarmMuteRules ListDashboards ListManagedInsightRules ListMetricStreams ListTagsForResource PutAlarmMuteRule PutAnomalyDetector PutCompositeAlarm PutDashboard PutInsightRule PutManagedInsightRules PutMetricAlarm PutMetricStream SetAlarmState StartMetricStreams StartOTelEnrichment StopMetricStreams StopOTelEnrichment TagResource UntagResource'.split(
    ' ',
  );
