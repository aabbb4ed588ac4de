import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .argument('[PRIVATE_PORT]', 'one port: 80, or 53/udp')
    .action(async (container: string, port: string | undefined) => {
      const { NetworkSettings } = await (await connect()).containerInspect(container)
      const key = port === undefined || port.includes('/') ? port : `${port}/tcp`
      const published = Object.entries(NetworkSettings.Ports).flatMap(([name, bindings]) =>
        (bindings ?? []).map(({ HostIp = '', HostPort = '' }) => ({
          name,
          address: `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`,
        })),
      )
      const wanted = published.filter(({ name }) => key === undefined || name === key)
      if (key !== undefined && wanted.length === 0)
        throw new TscomposeError('CLI_FLAG', `No public port '${port}' published for ${container}`)
      for (const { name, address } of wanted) cli.stdout.write(key ? `${address}\n` : `${name} -> ${address}\n`)
    })
