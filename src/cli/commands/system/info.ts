import type { SystemInfo } from '../../../engine/api.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { binarySize } from '../../output/human-size.ts'

export const define: Define = (command, cli) =>
  command
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async ({ format }: { format?: string }) => {
      const info = await (await connect()).systemInfo()
      if (format === 'json') return void cli.stdout.write(`${JSON.stringify(info)}\n`)
      if (format !== undefined) {
        const { renderFormat } = await import('../../output/format.ts')
        return void cli.stdout.write(renderFormat(format, [info]))
      }
      cli.stdout.write(linesOf(info).join('\n').concat('\n'))
      for (const warning of info.Warnings ?? []) cli.stderr.write(`${warning}\n`)
    })

/** What docker says of its server. */
const linesOf = (info: SystemInfo): readonly string[] => [
  `Containers: ${info.Containers}`,
  ` Running: ${info.ContainersRunning}`,
  ` Paused: ${info.ContainersPaused}`,
  ` Stopped: ${info.ContainersStopped}`,
  `Images: ${info.Images}`,
  `Server Version: ${info.ServerVersion}`,
  `Storage Driver: ${info.Driver}`,
  `Logging Driver: ${info.LoggingDriver}`,
  `Cgroup Driver: ${info.CgroupDriver}`,
  `Cgroup Version: ${info.CgroupVersion}`,
  ...section('Plugins', [
    `Volume: ${info.Plugins.Volume.join(' ')}`,
    `Network: ${info.Plugins.Network.join(' ')}`,
    `Log: ${info.Plugins.Log.join(' ')}`,
  ]),
  `Runtimes: ${Object.keys(info.Runtimes).join(' ')}`,
  `Default Runtime: ${info.DefaultRuntime}`,
  `Init Binary: ${info.InitBinary}`,
  ...section('Security Options', info.SecurityOptions.flatMap(securityLines)),
  `Kernel Version: ${info.KernelVersion}`,
  `Operating System: ${info.OperatingSystem}`,
  `OSType: ${info.OSType}`,
  `Architecture: ${info.Architecture}`,
  `CPUs: ${info.NCPU}`,
  `Total Memory: ${binarySize(info.MemTotal)}`,
  `Name: ${info.Name}`,
  `ID: ${info.ID}`,
  `Docker Root Dir: ${info.DockerRootDir}`,
  `Debug Mode: ${info.Debug}`,
  ...section('Insecure Registries', info.RegistryConfig.InsecureRegistryCIDRs),
  ...section('Registry Mirrors', info.RegistryConfig.Mirrors),
  `Live Restore Enabled: ${info.LiveRestoreEnabled}`,
]

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length > 0 ? [`${title}:`, ...lines.map(line => ` ${line}`)] : []

/** `name=seccomp,profile=builtin` */
function securityLines(option: string): readonly string[] {
  const [[, name = ''] = [], ...others] = option.split(',').map(field => field.split('='))
  return [name, ...others.map(([key = '', value = '']) => ` ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`)]
}
