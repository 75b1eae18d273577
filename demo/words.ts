import type { Stage } from './stage.ts'

/** What a person is told once everything runs. */
export function instructions ({ stage, port, addresses }: { stage: Stage, port: number, addresses: string[] }): string {
  const { settings, rtpPorts } = stage
  const webSocketPort = new URL(settings.webSocket).port
  const further = addresses[1]
  const here = further === undefined
    ? `Media goes to 127.0.0.1 alone. Chromium takes part while this machine is on a network, else it needs
  --allow-loopback-in-peer-connection; Firefox needs an address besides: see --address.`
    : `Chromium and Firefox on this machine both work: media goes to 127.0.0.1 or ${further}.`
  const elsewhere = further === undefined ? '' : `
  From another machine the page must come by way of localhost, or the browser gives it no microphone:
    ssh -L ${port}:127.0.0.1:${port} -L ${webSocketPort}:127.0.0.1:${webSocketPort} root@${further}
  and open the same address there. Media takes no tunnel: UDP ${rtpPorts.min}–${rtpPorts.max} of ${further} must be within reach.`
  return `
Open  http://localhost:${port}  press Call, and hear yourself.

  ${here}${elsewhere}

Ctrl-C ends everything.`
}
