/** What `ngpilot --help` prints after the version. */
export const usage = `the media control plane for Kamailio and rtpengine

  ngpilot                      run
  ngpilot nodes                show the rtpengines: state and why, calls, free ports, round trip, commands in flight
  ngpilot call explain CALL-ID [--json]
                               why a call has no audio: findings, legs, timeline, media, each SDP in and out
  ngpilot drain ID [--wait]    no new calls for a node; with --wait until it has no calls left, or has ended itself
  ngpilot disable ID           no new calls for a node, and do not ask it how it fares
  ngpilot enable ID            end of either
  ngpilot calls                show the running calls; --stranded: those whose media are lost; --node ID: those of a node
  ngpilot calls show ID        show all that is known of a call: legs, forks, what happened so far
  ngpilot analyze FILE…        what is wrong with the calls in a capture, a SIP trace or an SDP; ngpilot analyze --help
  ngpilot policy …             check, test, explain and roll out policy files; ngpilot policy --help

  --config FILE                settings (YAML); NGPILOT_… variables win over it
  --url URL                    for all of these: where ngpilot is; or NGPILOT_URL (and NGPILOT_TOKEN),
                               or else where the settings say
  --version, --help

SIGHUP loads the policy, its canary share and the list of rtpengines anew; SIGTERM and SIGINT finish what is in flight and stop.
`
