"""How clients learn what happened: polling, live updates and webhooks."""
