/** A Terraform workspace of its own, whose AWS provider speaks to one service. Needs Terraform and a mirror of its providers on this host. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from './service.ts';

const mirror = '/opt/tf-plugins';

/** Why a test cannot use Terraform here; false where it can. */
export const terraformSkip: string | false =
  spawnSync('terraform', ['version']).error !== undefined || !existsSync(mirror)
    ? 'no Terraform, or no mirror of its providers, on this host'
    : false;

const provider = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
}
`;

export interface TerraformWorkspace {
  readonly directory: string;
  /** Writes the module (the provider's block is added), and files that it names. */
  write(module: string, files?: Readonly<Record<string, Buffer>>): void;
  /** Runs one command; fails the test with all that was printed when it ends with anything but 0. */
  run(...args: readonly string[]): string;
  remove(): void;
}

export function openTerraform(service: Pick<Service, 'clientEnvironment'>): TerraformWorkspace {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-terraform-'));
  const settings = join(directory, 'terraform.rc');
  writeFileSync(settings, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
  return {
    directory,
    write(module, files = {}) {
      writeFileSync(join(directory, 'main.tf'), provider + module);
      for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
    },
    run(...args) {
      const ran = spawnSync('terraform', [...args, '-no-color'], {
        cwd: directory,
        encoding: 'utf8',
        env: {
          ...process.env,
          ...service.clientEnvironment,
          TF_CLI_CONFIG_FILE: settings,
          AWS_EC2_METADATA_DISABLED: 'true',
          // A quarter of what a command computes is garbage collection of the provider's schema.
          GOGC: '400',
        },
      });
      assert.equal(ran.status, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    },
    remove() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
