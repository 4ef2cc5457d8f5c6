"""The demo collaborative: fictional groups whose results follow published statewide rates."""
