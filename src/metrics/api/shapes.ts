/** The operations of CloudWatch 2010-08-01 that are served, with the constraints of AWS's model, for all three protocols. */
import { listOf, type QueryOperation, structure } from '#wire';
import { dimensionsMax } from '../limits.ts';

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
const dimension = structure(
  {
    Name: name,
    Value: { type: 'string', min: 1, max: 1024 },
  },
  ['Name', 'Value'],
);
const dimensions = listOf(dimension, { max: dimensionsMax });
const metric = structure({ Namespace: namespace, MetricName: name, Dimensions: dimensions });
const message = structure({ Code: anyText, Value: anyText });
const statistic = { type: 'string', enum: ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] } as const;
const percentiles = { type: 'map', key: anyText, value: double } as const;

const datum = structure(
  {
    MetricName: name,
    Dimensions: dimensions,
    Timestamp: timestamp,
    Value: double,
    StatisticValues: structure(
      {
        SampleCount: double,
        Sum: double,
        Minimum: double,
        Maximum: double,
      },
      ['SampleCount', 'Sum', 'Minimum', 'Maximum'],
    ),
    Values: listOf(double),
    Counts: listOf(double),
    Unit: unit,
    StorageResolution: period,
  },
  ['MetricName'],
);

export const operations: Readonly<Record<string, QueryOperation>> = {
  GetMetricData: {
    input: structure(
      {
        MetricDataQueries: listOf(
          structure(
            {
              Id: name,
              MetricStat: structure(
                {
                  Metric: metric,
                  Period: period,
                  Stat: { type: 'string', max: 255 },
                  Unit: unit,
                },
                ['Metric', 'Period', 'Stat'],
              ),
              Expression: { type: 'string', min: 1, max: 2048 },
              Label: { type: 'string', max: 2048 },
              ReturnData: flag,
              Period: period,
              AccountId: name,
            },
            ['Id'],
          ),
        ),
        StartTime: timestamp,
        EndTime: timestamp,
        NextToken: token,
        ScanBy: { type: 'string', enum: ['TimestampDescending', 'TimestampAscending'] },
        MaxDatapoints: integer,
        LabelOptions: structure({ Timezone: anyText }),
      },
      ['MetricDataQueries', 'StartTime', 'EndTime'],
    ),
    output: structure({
      MetricDataResults: listOf(
        structure({
          Id: anyText,
          Label: anyText,
          Timestamps: listOf(timestamp),
          Values: listOf(double),
          StatusCode: anyText,
          Messages: listOf(message),
        }),
      ),
      NextToken: anyText,
      Messages: listOf(message),
    }),
  },
  GetMetricStatistics: {
    input: structure(
      {
        Namespace: namespace,
        MetricName: name,
        Dimensions: dimensions,
        StartTime: timestamp,
        EndTime: timestamp,
        Period: period,
        Statistics: listOf(statistic, { min: 1, max: 5 }),
        ExtendedStatistics: listOf({ type: 'string', max: 255 }, { min: 1, max: 10 }),
        Unit: unit,
      },
      ['Namespace', 'MetricName', 'StartTime', 'EndTime', 'Period'],
    ),
    output: structure({
      Label: anyText,
      Datapoints: listOf(
        structure({
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
    input: structure({
      Namespace: namespace,
      MetricName: name,
      Dimensions: listOf(structure({ Name: name, Value: { type: 'string', min: 1, max: 1024 } }, ['Name']), {
        max: 10,
      }),
      NextToken: token,
      RecentlyActive: { type: 'string', enum: ['PT3H'] },
      IncludeLinkedAccounts: flag,
      OwningAccount: name,
    }),
    output: structure({
      Metrics: listOf(metric),
      NextToken: anyText,
      OwningAccounts: listOf(anyText),
    }),
  },
  PutMetricData: {
    input: structure(
      {
        Namespace: namespace,
        MetricData: listOf(datum),
        EntityMetricData: listOf(structure({ MetricData: listOf(datum) })),
        StrictEntityValidation: flag,
      },
      ['Namespace'],
    ),
  },
};

/** What CloudWatch has besides. */
export const notServed: readonly string[] =
  'DeleteAlarmMuteRule DeleteAlarms DeleteAnomalyDetector DeleteDashboards DeleteInsightRules DeleteMetricStream DescribeAlarmContributors DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric DescribeAnomalyDetectors DescribeInsightRules DisableAlarmActions DisableInsightRules EnableAlarmActions EnableInsightRules GetAlarmMuteRule GetDashboard GetInsightRuleReport GetMetricStream GetMetricWidgetImage GetOTelEnrichment ListAlarmMuteRules ListDashboards ListManagedInsightRules ListMetricStreams ListTagsForResource PutAlarmMuteRule PutAnomalyDetector PutCompositeAlarm PutDashboard PutInsightRule PutManagedInsightRules PutMetricAlarm PutMetricStream SetAlarmState StartMetricStreams StartOTelEnrichment StopMetricStreams StopOTelEnrichment TagResource UntagResource'.split(
    ' ',
  );
