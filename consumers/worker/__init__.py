"""The worker: one Faust app that hosts the lanes, derives metrics and watches."""
