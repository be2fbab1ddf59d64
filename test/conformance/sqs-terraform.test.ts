/**
 * Queues by Terraform: applied, read back without a difference, destroyed. Slow: the provider watches the attributes of each queue for half a minute. All three
 * at once, as the dead-letter queue is there before Terraform creates it (again, with the same attributes) and is named by its ARN.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, startService } from '../service.ts';
import { sqsClient } from './sqs-client.ts';
import { openTerraform, terraformSkip } from '../terraform.ts';

const queues = `
resource "aws_sqs_queue" "dead" {
  name                      = "dead"
  message_retention_seconds = 1209600
}
resource "aws_sqs_queue" "work" {
  name                       = "work"
  visibility_timeout_seconds = 45
  receive_wait_time_seconds  = 5
  redrive_policy = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:us-east-1:000000000000:dead", maxReceiveCount = 4 })
  tags = { team = "a" }
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage", Resource = "arn:aws:sqs:us-east-1:000000000000:work"
    }]
  })
}
resource "aws_sqs_queue" "ordered" {
  name                        = "ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}
`;

test(
  'Terraform applies queues, plans no difference, and destroys them',
  { skip: terraformSkip },
  async (context) => {
    const service = await startService();
    context.after(() => service.stop());
    const Attributes = { MessageRetentionPeriod: '1209600', MaximumMessageSize: '262144' };
    await sqsClient(service, credentials).json('CreateQueue', { QueueName: 'dead', Attributes });
    const terraform = openTerraform(service);
    context.after(() => terraform.remove());
    terraform.write(queues);
    terraform.run('init');
    terraform.run('apply', '-auto-approve');
    terraform.run('plan', '-detailed-exitcode');
    assert.match(terraform.run('destroy', '-auto-approve'), /3 destroyed/);
  },
);
