"""The live stream: facts as they change, for any number of readers that cost nothing more."""
