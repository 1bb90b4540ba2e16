"""Styles: releases, trainings and trials."""
