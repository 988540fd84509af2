"""Tests of images and symbols."""
