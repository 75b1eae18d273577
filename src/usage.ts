/** What `ngpilot --help` prints after the version. */
export const usage = `the media control plane for Kamailio and rtpengine

  ngpilot [--config FILE]    run; settings come from FILE (YAML) and NGPILOT_… variables
  ngpilot --version
  ngpilot --help

SIGHUP loads the policy anew; SIGTERM and SIGINT finish what is in flight and stop.
`
