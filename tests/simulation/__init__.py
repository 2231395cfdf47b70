"""The seeded simulation of lanes: real engine code on virtual time, over a faulty log in memory."""
