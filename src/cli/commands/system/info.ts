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
      cli.stdout.write(
        [
          `Containers: ${info.Containers}`,
          ` Running: ${info.ContainersRunning}`,
          ` Paused: ${info.ContainersPaused}`,
          ` Stopped: ${info.ContainersStopped}`,
          `Images: ${info.Images}`,
          `Server Version: ${info.ServerVersion}`,
          `Storage Driver: ${info.Driver}`,
          `Cgroup Driver: ${info.CgroupDriver}`,
          `Cgroup Version: ${info.CgroupVersion}`,
          `Kernel Version: ${info.KernelVersion}`,
          `Operating System: ${info.OperatingSystem}`,
          `OSType: ${info.OSType}`,
          `Architecture: ${info.Architecture}`,
          `CPUs: ${info.NCPU}`,
          `Total Memory: ${binarySize(info.MemTotal)}`,
          `Name: ${info.Name}`,
          `ID: ${info.ID}`,
          `Docker Root Dir: ${info.DockerRootDir}`,
          '',
        ].join('\n'),
      )
      for (const warning of info.Warnings ?? []) cli.stderr.write(`${warning}\n`)
    })
